// What every client does: six things, each with what came of it, as one line of JSON.
export async function report(checks) {
  const found = {};
  for (const [name, check] of Object.entries(checks)) {
    try {
      found[name] = await check();
    } catch (error) {
      found[name] = { raised: String(error.stack).slice(-1500) };
    }
  }
  console.log(JSON.stringify(found));
}

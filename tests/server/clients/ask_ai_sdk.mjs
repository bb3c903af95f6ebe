// The AI SDK, with its provider for servers of the dialect.
import { readFileSync } from "node:fs";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, Output, stepCountIs, streamText, tool } from "ai";
import { report } from "./reporting.mjs";

const [address, file] = process.argv.slice(2);
const served = createOpenAICompatible({ name: "served", baseURL: address, supportsStructuredOutputs: true });
const asked = (model, more) => ({ model: served(model), temperature: 0, maxRetries: 0, ...more });
const paint = tool({
  description: "Paints.",
  inputSchema: jsonSchema({ type: "object", properties: { color: { type: "string" } }, required: ["color"] }),
  execute: async ({ color }) => `painted ${color}`,
});
const schema = jsonSchema({
  type: "object",
  properties: { color: { enum: ["red", "blue"] }, times: { type: "integer" } },
  required: ["color", "times"],
  additionalProperties: false,
});

const checks = {
  text: async () => (await generateText(asked("tiny", { prompt: "Describe it." }))).text,
  picture: async () => {
    const content = [{ type: "text", text: "Look." }, { type: "image", image: readFileSync(file) }];
    return (await generateText(asked("echo", { messages: [{ role: "user", content }] }))).text;
  },
  stream: async () => {
    const pieces = [];
    const result = streamText(asked("tiny", { prompt: "Describe it." }));
    for await (const piece of result.textStream) pieces.push(piece);
    if ((await result.finishReason) !== "stop") throw new Error(`it ended by ${await result.finishReason}`);
    return pieces;
  },
  tools: async () => {
    const steps = { prompt: "Paint it.", tools: { paint }, stopWhen: stepCountIs(3) };
    const whole = (await generateText(asked("caller", steps))).text;
    const streamed = await streamText(asked("caller", steps)).text;
    if (streamed !== whole) throw new Error(`streamed it is another answer: ${streamed}`);
    return whole;
  },
  structured: async () => {
    const painted = await generateText(asked("tiny", { prompt: "Paint.", output: Output.object({ schema }) }));
    return JSON.stringify(painted.output);
  },
  errors: async () => {
    try {
      await generateText(asked("nobody", { prompt: "a" }));
    } catch (error) {
      return [error.name, error.message, error.statusCode, error.responseBody];
    }
    return null;
  },
};

await report(checks);

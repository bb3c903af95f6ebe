// OpenAI's client for JavaScript.
import { readFileSync } from "node:fs";
import OpenAI from "openai";
import { report } from "./reporting.mjs";

const [address, file] = process.argv.slice(2);
const client = new OpenAI({ baseURL: address, apiKey: "none", maxRetries: 0 });
const user = (content) => [{ role: "user", content }];
const create = (model, messages, options = {}) =>
  client.chat.completions.create({ model, messages, temperature: 0, ...options });
const paint = { type: "object", properties: { color: { type: "string" } }, required: ["color"] };
const tools = [{ type: "function", function: { name: "paint", description: "Paints.", parameters: paint } }];
const schema = {
  type: "object",
  properties: { color: { enum: ["red", "blue"] }, times: { type: "integer" } },
  required: ["color", "times"],
  additionalProperties: false,
};

const checks = {
  text: async () => (await create("tiny", user("Describe it."))).choices[0].message.content,
  picture: async () => {
    const url = `data:image/png;base64,${readFileSync(file).toString("base64")}`;
    const parts = [{ type: "text", text: "Look." }, { type: "image_url", image_url: { url } }];
    return (await create("echo", user(parts))).choices[0].message.content;
  },
  stream: async () => {
    const pieces = [];
    const stream = client.chat.completions.stream({ model: "tiny", messages: user("Describe it."), temperature: 0 });
    for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta?.content ?? "");
    const final = (await stream.finalChatCompletion()).choices[0].message.content;
    if (final !== pieces.join("")) throw new Error(`the pieces are not the whole: ${final}`);
    return pieces;
  },
  tools: async () => {
    const messages = user("Paint it.");
    const { message } = (await create("caller", messages, { tools })).choices[0];
    messages.push(message);
    for (const call of message.tool_calls) {
      const { color } = JSON.parse(call.function.arguments);
      messages.push({ role: "tool", tool_call_id: call.id, content: `painted ${color}` });
    }
    return (await create("caller", messages, { tools })).choices[0].message.content;
  },
  structured: async () => {
    const response_format = { type: "json_schema", json_schema: { name: "color", strict: true, schema } };
    return (await create("tiny", user("Paint."), { response_format })).choices[0].message.content;
  },
  errors: async () => {
    try {
      await create("nobody", user("a"));
    } catch (error) {
      return [error.constructor.name, error.message, error.code, error.type];
    }
    return null;
  },
};

await report(checks);

// The openai package for Node over HTTP: its helpers, which put together what is streamed and run tools themselves.
import OpenAI, { NotFoundError } from "openai";
import { tell } from "./microphone.mjs";

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "a-key", maxRetries: 0 });
const model = "actor";
const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const asked = 'call get_weather {"city": "Rome"}';
const report = {};

const streamed = client.chat.completions.stream({ model, messages: [{ role: "user", content: "say one two three" }] });
report.chat = await streamed.finalContent();

const weather = { name: "get_weather", description: "The weather in a city", parameters: city, parse: JSON.parse };
for (const stream of [false, true]) {
  const tools = [{ type: "function", function: { ...weather, function: ({ city }) => `sunny in ${city}` } }];
  const runner = client.chat.completions.runTools({ model, stream, tools, messages: [{ role: "user", content: asked }] });
  report[stream ? "tools_streamed" : "tools"] = await runner.finalContent();
}

const format = { name: "city", schema: city, strict: true };
const messages = [{ role: "user", content: 'say {"city": "Rome"}' }];
const parsed = await client.chat.completions.parse({ model, messages, response_format: { type: "json_schema", json_schema: format } });
report.parsed = parsed.choices[0].message.parsed;

const events = client.responses.stream({ model, input: "say one two three" });
let written = "";
for await (const event of events) if (event.type === "response.output_text.delta") written += event.delta;
report.response = [written, (await events.finalResponse()).output_text];

const tools = [{ type: "function", name: "get_weather", parameters: city, strict: true }];
const first = await client.responses.create({ model, tools, input: asked });
const call = first.output.find(({ type }) => type === "function_call");
const output = { type: "function_call_output", call_id: call.call_id, output: "sunny" };
const next = await client.responses.create({ model, tools, previous_response_id: first.id, input: [output] });
report.response_tools = [JSON.parse(call.arguments), next.output_text];

const items = [];
const conversation = await client.conversations.create({ items: [{ type: "message", role: "user", content: "Hello" }] });
await client.responses.create({ model, conversation: conversation.id, input: "say Hi" });
for await (const item of client.conversations.items.list(conversation.id, { order: "asc", limit: 1 })) items.push(item.role);
report.conversation = items;

const sound = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: "Hello there", response_format: "wav" });
report.speech = Buffer.from(await sound.arrayBuffer()).subarray(0, 4).toString();

report.refused = await client.responses.retrieve("resp_none").catch((error) => [error instanceof NotFoundError, error.code]);
tell(report);

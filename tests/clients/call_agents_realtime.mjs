// @openai/agents-realtime over a WebSocket, in Node.
import { RealtimeAgent, RealtimeSession, tool } from "@openai/agents-realtime";

const report = { tool: {}, spoken_ms: 0, interrupted: false, said: [], errors: [] };
const base = process.argv[2];
const RATE = 24000;
const FRAME = 480;

const weather = tool({
  name: "get_weather",
  description: "The weather in a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: true,
  execute: async (input) => {
    report.tool = input;
    return "sunny";
  },
});

const agent = new RealtimeAgent({ name: "Assistant", instructions: "Be kind.", tools: [weather] });
const session = new RealtimeSession(agent, {
  transport: "websocket",
  model: "gpt-realtime",
  config: { audio: { input: { turnDetection: { type: "semantic_vad", interruptResponse: true } } } },
});

let speaking = 0;
const speak = (seconds) => (speaking = Math.round((seconds * RATE) / FRAME));

session.on("audio", ({ data }) => {
  report.spoken_ms += data.byteLength / 48;
  if (report.spoken_ms > 500 && !report.interrupted) speak(0.8);
});
session.on("audio_interrupted", () => (report.interrupted = true));
session.on("error", ({ error }) => report.errors.push(JSON.stringify(error?.error ?? error ?? "unknown")));
session.on("history_updated", (history) => {
  report.said = history
    .filter((item) => item.type === "message" && item.role === "assistant")
    .flatMap((item) => item.content.map((part) => part.transcript ?? ""));
});

await session.connect({ apiKey: "none", url: `${base.replace("http", "ws")}/v1/realtime?model=gpt-realtime` });
let position = 0;
let due = performance.now();
const done = () => report.interrupted && report.said.includes("As you wish.");
speak(1.0);
while (!done()) {
  const frame = new Int16Array(FRAME);
  const level = 8000 * (0.6 + 0.4 * Math.sin((2 * Math.PI * 4 * position) / RATE));
  if (speaking-- > 0) for (let n = 0; n < FRAME; n++) frame[n] = level * (2 * Math.random() - 1);
  session.sendAudio(frame.buffer);
  position += FRAME;
  due += (FRAME / RATE) * 1000;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
}
session.close();
console.log("REPORT " + JSON.stringify(report));
process.exit(0);

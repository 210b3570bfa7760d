// @openai/agents-realtime over a WebSocket, in Node.
import { RealtimeAgent, RealtimeSession, tool } from "@openai/agents-realtime";
import { Microphone, tell } from "./microphone.mjs";

const report = { tool: {}, spoken_ms: 0, interrupted: false, said: [], errors: [] };
const base = process.argv[2];
const microphone = new Microphone();

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

session.on("audio", ({ data }) => {
  report.spoken_ms += data.byteLength / 48;
  if (report.spoken_ms > 500 && !report.interrupted) microphone.speak(0.8);
});
session.on("audio_interrupted", () => (report.interrupted = true));
session.on("error", ({ error }) => report.errors.push(JSON.stringify(error?.error ?? error ?? "unknown")));
session.on("history_updated", (history) => {
  report.said = history
    .filter((item) => item.type === "message" && item.role === "assistant")
    .flatMap((item) => item.content.map((part) => part.transcript ?? ""));
});

await session.connect({ apiKey: "none", url: `${base.replace("http", "ws")}/v1/realtime?model=gpt-realtime` });
microphone.speak(1.0);
await microphone.run(
  (frame) => session.sendAudio(frame.buffer),
  () => report.interrupted && report.said.includes("As you wish."),
);
session.close();
tell(report);

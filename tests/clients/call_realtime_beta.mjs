// The reference client of the beta (openai-realtime-api, a typed fork of openai/openai-realtime-api-beta).
import { RealtimeClient } from "openai-realtime-api";
import { Microphone, tell } from "./microphone.mjs";

const report = { tool: {}, spoken_ms: 0, interrupted: false, said: [], errors: [] };
const client = new RealtimeClient({ url: `${process.argv[2].replace("http", "ws")}/v1/realtime`, apiKey: "a-key" });
const microphone = new Microphone();

client.on("error", (event) => report.errors.push(JSON.stringify(event)));
client.updateSession({ instructions: "Be kind.", voice: "alloy", turn_detection: { type: "server_vad" } });
client.addTool(
  {
    name: "get_weather",
    description: "The weather in a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
  async (input) => {
    report.tool = input;
    return "sunny";
  },
);
client.on("conversation.interrupted", async () => {
  report.interrupted ||= report.spoken_ms > 500;
});
client.on("conversation.updated", ({ delta }) => {
  if (delta?.audio) report.spoken_ms += delta.audio.length / 24;
  if (report.spoken_ms > 500 && !report.interrupted && microphone.speaking < -50) microphone.speak(0.8);
});
await client.connect();
await client.waitForSessionCreated();
microphone.speak(1.0);
const said = () =>
  client.conversation
    .getItems()
    .filter((item) => item.role === "assistant" && item.status !== "in_progress")
    .map((item) => item.formatted.transcript);
await microphone.run(
  (frame) => client.appendInputAudio(frame),
  () => report.interrupted && said().includes("As you wish."),
);
report.said = said();
client.disconnect();
tell(report);

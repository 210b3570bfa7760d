// The openai package for Node: OpenAIRealtimeWS, which speaks wss and nothing else.
import OpenAI from "openai";
import { OpenAIRealtimeWebSocket } from "openai/realtime/websocket";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { WebSocket } from "ws";
import { Microphone, tell } from "./microphone.mjs";

const report = { tool: {}, spoken_ms: 0, interrupted: false, said: [], errors: [] };
const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "a-key" });

// The class for browsers shows its key among the subprotocols; Node 20 has no WebSocket of its own.
globalThis.WebSocket ??= WebSocket;
const browser = new OpenAIRealtimeWebSocket({ model: "gpt-realtime", dangerouslyAllowBrowser: true }, client);
browser.on("error", (error) => report.errors.push(`browser: ${error.message}`));
await new Promise((resolve) => browser.on("session.created", resolve));
browser.close();

const call = new OpenAIRealtimeWS({ model: "gpt-realtime" }, client);
const microphone = new Microphone();
const said = new Map();
call.on("error", (error) => report.errors.push(error.message));
await new Promise((resolve) => call.on("session.created", resolve));
call.send({
  type: "session.update",
  session: {
    type: "realtime",
    instructions: "Be kind.",
    audio: { input: { turn_detection: { type: "semantic_vad", interrupt_response: true } } },
    tools: [
      {
        type: "function",
        name: "get_weather",
        description: "The weather in a city",
        parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      },
    ],
  },
});
call.on("response.output_audio.delta", (event) => {
  report.spoken_ms += (event.delta.length * 3) / 4 / 48;
  if (report.spoken_ms > 500 && !report.interrupted && microphone.speaking < -50) microphone.speak(0.8);
});
call.on("response.function_call_arguments.done", (event) => {
  report.tool = JSON.parse(event.arguments);
  const item = { type: "function_call_output", call_id: event.call_id, output: "sunny" };
  call.send({ type: "conversation.item.create", item });
  call.send({ type: "response.create" });
});
call.on("conversation.item.done", ({ item }) => {
  if (item.role === "assistant") said.set(item.id, item.content.map((part) => part.transcript ?? "").join(""));
});
call.on("response.done", ({ response }) => {
  report.interrupted ||= response.status === "cancelled" && response.status_details.reason === "turn_detected";
});
microphone.speak(1.0);
await microphone.run(
  (frame) => call.send({ type: "input_audio_buffer.append", audio: Buffer.from(frame.buffer).toString("base64") }),
  () => report.interrupted && [...said.values()].includes("As you wish."),
);
call.close();
report.said = [...said.values()];
tell(report);

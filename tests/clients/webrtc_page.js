// @openai/agents-realtime over WebRTC, in a browser: a page of another origin than the server's.
import { OpenAIRealtimeWebRTC, RealtimeAgent, RealtimeSession, tool } from "@openai/agents-realtime";

const report = { tool: {}, interrupted: false, said: [], errors: [], connected_ms: 0, sound: "" };
window.report = report;

window.call = async (base, apiKey) => {
  const audioElement = document.querySelector("audio");
  const mediaStream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const transport = new OpenAIRealtimeWebRTC({ baseUrl: `${base}/v1/realtime/calls`, audioElement, mediaStream });
  const weather = tool({
    name: "get_weather",
    description: "The weather in a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false },
    strict: true,
    execute: async (input) => {
      report.tool = input;
      return "sunny";
    },
  });
  const agent = new RealtimeAgent({ name: "Assistant", instructions: "Be kind.", tools: [weather] });
  const session = new RealtimeSession(agent, {
    transport,
    model: "gpt-realtime",
    config: { audio: { input: { turnDetection: { type: "semantic_vad", interruptResponse: true } } } },
  });
  // over WebRTC the client tells of no interruption itself: the server cuts the sound off
  session.on("transport_event", ({ type }) => (report.interrupted ||= type === "output_audio_buffer.cleared"));
  session.on("error", ({ error }) => report.errors.push(JSON.stringify(error?.error ?? error?.message ?? "unknown")));
  session.on("history_updated", (history) => {
    report.said = history
      .filter((item) => item.type === "message" && item.role === "assistant")
      .flatMap((item) => item.content.map((part) => part.transcript ?? ""));
  });
  const began = performance.now();
  await session.connect({ apiKey });
  report.connected_ms = performance.now() - began;
  const recorder = new MediaRecorder(audioElement.srcObject, { mimeType: "audio/webm;codecs=opus" });
  const pieces = [];
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  recorder.start(250);
  window.hangUp = async () => {
    const stopped = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.stop();
    await stopped;
    session.close();
    const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
    report.sound = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return report;
  };
};

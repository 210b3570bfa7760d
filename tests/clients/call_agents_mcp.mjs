// @openai/agents-realtime over a WebSocket, in Node, with the tools of an MCP server that the voice server calls.
import { RealtimeAgent, RealtimeSession } from "@openai/agents-realtime";
import { hostedMcpTool } from "@openai/agents-core";

const report = { tools: [], asked: [], output: null, said: [], errors: [], responses: 0 };
const [base, mcp] = process.argv.slice(2);

const agent = new RealtimeAgent({
  name: "Assistant",
  instructions: "Be kind.",
  tools: [hostedMcpTool({ serverLabel: "test", serverUrl: mcp, requireApproval: "always" })],
});
const session = new RealtimeSession(agent, { transport: "websocket", model: "gpt-realtime" });

session.on("mcp_tools_changed", (tools) => (report.tools = tools.map((tool) => tool.name)));
session.on("tool_approval_requested", async (_context, _agent, request) => {
  report.asked.push(request.approvalItem.rawItem.name);
  await session.approve(request.approvalItem);
});
session.on("mcp_tool_call_completed", (_context, _agent, call) => (report.output = call.output));
session.on("error", ({ error }) => report.errors.push(JSON.stringify(error?.error ?? error ?? "unknown")));
session.on("transport_event", (event) => {
  if (event.type === "response.done") report.responses += 1;
});
session.on("history_updated", (history) => {
  report.said = history
    .filter((item) => item.type === "message" && item.role === "assistant")
    .flatMap((item) => item.content.map((part) => part.transcript ?? part.text ?? ""));
});

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
await session.connect({ apiKey: "none", url: `${base.replace("http", "ws")}/v1/realtime?model=gpt-realtime` });
while (!report.tools.length) await sleep(20);
session.sendMessage("What is the weather in Rome?");
while (!report.said.some((words) => words.includes("sunny in Rome"))) await sleep(20);
await sleep(2000); // whatever the SDK asks for by itself has been asked for by now
session.close();
console.log("REPORT " + JSON.stringify(report));
process.exit(0);

// Serves one topic with the official, unmodified client until it has done as many tasks as it was told, then exits 0.
// usage: node external_task_worker.mjs <engine-rest url> <topic> <number of tasks>
import { Client, File, Variables } from "camunda-external-task-client-js";

const [baseUrl, topic, count] = process.argv.slice(2);
const client = new Client({
  baseUrl,
  workerId: "javascript",
  maxTasks: 5,
  asyncResponseTimeout: 10000,
  lockDuration: 60000,
  interval: 50,
});
const report = { done: [], errors: [] };
let left = Number(count);

function finish(code) {
  client.stop();
  console.log(JSON.stringify(report));
  process.exit(code);
}

for (const event of ["poll:error", "complete:error", "handleFailure:error", "handleBpmnError:error", "extendLock:error"]) {
  client.on(event, (...details) => {
    report.errors.push(`${event} ${details.map(String).join(" ")}`);
    finish(1);
  });
}

client.subscribe(topic, async function ({ task, taskService }) {
  const seen = task.variables.getAll();
  report.done.push({ id: task.id, seen: { ...seen, letter: undefined }, types: types(task) });
  if (seen.behave === "bpmnError") {
    await taskService.handleBpmnError(task, "late", "too late");
  } else if (seen.behave === "failOnce" && task.retries === null) {
    left += 1;
    await taskService.handleFailure(task, { errorMessage: "once", errorDetails: "more", retries: 1, retryTimeout: 10 });
  } else {
    await taskService.extendLock(task, 30000);
    const variables = new Variables();
    variables.set("sum", (seen.a ?? 0) + 1);
    variables.set("half", 0.5);
    variables.set("big", 3000000000);
    variables.set("yes", true);
    variables.set("nothing", null);
    variables.set("data", { list: [1, "zwei", null] });
    variables.setTyped("day", { type: "date", value: new Date(Date.UTC(2026, 10, 20, 14, 28, 43, 123)), valueInfo: {} });
    variables.setTransient("secret", "gone");
    if (seen.letter) {
      await seen.letter.load();
      variables.set("read", seen.letter.content.toString("utf-8"));
    }
    const file = await new File({ localPath: new URL("package.json", import.meta.url).pathname }).load();
    variables.set("attached", file);
    const local = new Variables();
    local.set("mine", "only");
    await taskService.complete(task, variables, local);
  }
  left -= 1;
  if (left === 0) finish(0);
});

function types(task) {
  return Object.fromEntries(Object.entries(task.variables.getAllTyped()).map(([name, value]) => [name, value.type]));
}

setTimeout(() => {
  report.errors.push("timeout");
  finish(2);
}, 95000);

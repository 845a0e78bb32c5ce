/**
 * The entry of a worker thread: gets batches of units, answers with their digests. It imports
 * nothing but files of this package. @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { Fault, faultOf } from "./fault.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.ts";
import { Reader } from "./reader.ts";
import type { UnitResult } from "./unit.ts";

const { algorithms, read } = workerData as WorkerStart;
const counter = new BigInt64Array(read);
const reader = await Reader.create(algorithms);

parentPort?.on("message", (units: ToWorker) => {
  send(answer(units));
});
send({ kind: "ready" });

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

function answer(units: ToWorker): FromWorker {
  try {
    const results: UnitResult[] = [];
    for (const bytes of reader.read(units, (result) => results.push(result))) {
      Atomics.add(counter, 0, BigInt(bytes));
    }
    return { kind: "done", results };
  } catch (thrown) {
    const error = faultOf(thrown, reader.job);
    return error instanceof Fault
      ? { kind: "fault", job: error.job ?? -1, code: error.code, what: error.message }
      : { kind: "defect", error };
  }
}

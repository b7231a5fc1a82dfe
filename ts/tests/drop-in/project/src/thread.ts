import { parentPort } from "node:worker_threads";
import { ApplicationFailure } from "@temporalio/common";
import { ApplicationFailure as Own } from "temporal-bun-sdk/common";

parentPort?.postMessage(ApplicationFailure === Own);

/** Loading of a data converter's modules. Outside workflows only. */

import { createRequire } from "node:module";
import { basename } from "node:path";
import type { DataConverter, LoadedDataConverter } from "../common/converter/data-converter";
import { defaultFailureConverter } from "../common/converter/data-converter";
import type { FailureConverter } from "../common/converter/failure-converter";
import type { PayloadConverter } from "../common/converter/payload-converter";
import { defaultPayloadConverter } from "../common/converter/payload-converter";
import { ValueError } from "../common/errors";
import { errorCode, isRecord } from "../common/type-helpers";

const require = createRequire(import.meta.url);

function load<T>(path: string, name: "payloadConverter" | "failureConverter", methods: string[]): T {
  let module: unknown;
  try {
    module = require(path);
  } catch (error) {
    if (errorCode(error) === "MODULE_NOT_FOUND")
      throw new ValueError(`Could not find a file at the specified ${name}Path: '${path}'.${inExecutable(path)}`);
    throw error;
  }
  const converter = (module as Record<string, unknown> | undefined)?.[name];
  if (converter === undefined) throw new ValueError(`Module ${path} does not have a \`${name}\` named export`);
  if (!isRecord(converter) || methods.some((method) => typeof converter[method] !== "function")) {
    throw new ValueError(`${name} export at ${path} must be an object with ${methods.join(" and ")} methods`);
  }
  return converter as T;
}

/** What to do in an executable, which has the modules that it was made with, under names of their own. */
function inExecutable(path: string): string {
  if (!Bun.isStandaloneExecutable) return "";
  const name = basename(path);
  return (
    " An executable made by `bun build --compile` has it if it is named in the command, as in " +
    `\`bun build --compile worker.ts ${name}\`; its path is then "./${name}". See node_modules/temporal-bun-sdk/docs/DEPLOYING.md`
  );
}

/**
 * The data converter with its modules loaded and defaults filled in. Throws `ValueError` if a module or its export is
 * missing.
 */
export function loadDataConverter(dataConverter?: DataConverter): LoadedDataConverter {
  const { payloadConverterPath, failureConverterPath, payloadCodecs, externalStorage, encodeHeaders } =
    dataConverter ?? {};
  return {
    payloadConverter: payloadConverterPath
      ? load<PayloadConverter>(payloadConverterPath, "payloadConverter", ["toPayload", "fromPayload"])
      : defaultPayloadConverter,
    failureConverter: failureConverterPath
      ? load<FailureConverter>(failureConverterPath, "failureConverter", ["errorToFailure", "failureToError"])
      : defaultFailureConverter,
    payloadCodecs: payloadCodecs ?? [],
    externalStorage,
    ...(encodeHeaders === undefined ? {} : { encodeHeaders }),
  };
}

/** Whether the data converter has its modules loaded. */
export function isLoadedDataConverter(
  dataConverter?: DataConverter | LoadedDataConverter,
): dataConverter is LoadedDataConverter {
  return isRecord(dataConverter) && Object.hasOwn(dataConverter, "payloadConverter");
}

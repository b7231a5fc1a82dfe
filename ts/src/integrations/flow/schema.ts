/**
 * Standard Schema (https://standardschema.dev), the interface by which zod, valibot, arktype and others check values:
 * the part of it that flows use.
 */

/** A schema that takes values of type `Input` and gives values of type `Output`. */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What every library that follows the standard has under this name. */
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says of a value: what it makes of it, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema takes. */
export type SchemaInput<S> = S extends StandardSchema<infer Input, any> ? Input : never;

/** What a schema gives. */
export type SchemaOutput<S> = S extends StandardSchema<any, infer Output> ? Output : never;

/** An issue as texts, which travel: where it is, such as `items.0.price`, and what it is. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Checks a value. Returns what the schema makes of it, or the issues. */
export async function validate<Output>(
  schema: StandardSchema<any, Output>,
  value: unknown,
): Promise<{ value: Output } | { issues: Issue[] }> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return { value: result.value };
  return {
    issues: result.issues.map(({ path = [], message }) => ({
      path: path.map((part) => String(typeof part === "object" ? part.key : part)).join("."),
      message,
    })),
  };
}

/** Issues as one line of text. */
export function issuesText(issues: readonly Issue[]): string {
  return issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
}

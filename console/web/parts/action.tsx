/** Acting on something: a button that opens a form, and the call that the form makes. */

import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useRef, useState } from "react";
import type { Action } from "../../shared/actions";
import type { RouteKey } from "../../shared/routes";
import { callAny } from "../api";
import { Json } from "./json";
import { useMay } from "./me";
import { ProblemBox } from "./problem-box";

/** A field of a form. */
export interface Field {
  /** Where its value is in the body, with dots: `spec.cron`. */
  name: string;
  label: string;
  /** `json` is any value; `inputs` a list of JSON values, one a line; `lines` a list of texts. Default: text. */
  kind?: "text" | "json" | "inputs" | "lines" | "number" | "choice" | "check";
  choices?: readonly string[];
  initial?: string;
  isNeeded?: boolean;
  hint?: string;
}

/** Something that can be done. */
export interface Act {
  label: string;
  action: Action;
  key: RouteKey;
  fields?: readonly Field[];
  /** What is always in the body. */
  body?: object;
  /** Ends or deletes something. */
  isDangerous?: boolean;
  /** Shows what was answered. */
  shows?: boolean;
}

export const reason: Field = { name: "reason", label: "Reason", isNeeded: true, hint: "It goes into the audit log." };
export const inputs: Field = {
  name: "input",
  label: "Arguments",
  kind: "inputs",
  hint: 'JSON, one argument a line: {"id": 7}',
};

interface Properties {
  act: Act;
  params: Record<string, string>;
  /** More for the body. */
  more?: object;
  onDone?(answer: any): void;
}

export function ActionButton({ act, params, more, onDone }: Properties) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOpen, setOpen] = useState(false);
  const isAllowed = useMay()(act.action, params["ns"]);
  const open = () => {
    setOpen(true);
    dialog.current?.showModal();
  };
  const needs = `You need a grant with the action ${act.action}`;
  return (
    <>
      <button
        type="button"
        className={act.isDangerous ? "danger" : undefined}
        disabled={!isAllowed}
        title={isAllowed ? undefined : needs}
        onClick={open}
      >
        {act.label}
      </button>
      <dialog ref={dialog} aria-label={act.label} onClose={() => setOpen(false)}>
        {isOpen && <Form act={act} params={params} more={more} onDone={onDone} close={() => dialog.current?.close()} />}
      </dialog>
    </>
  );
}

function Form({ act, params, more, onDone, close }: Properties & { close(): void }) {
  const { label, key, fields = [], body = {}, isDangerous, shows } = act;
  const queries = useQueryClient();
  const id = useId();
  const [error, setError] = useState<Error>();
  const [answer, setAnswer] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    setError(undefined);
    setBusy(true);
    try {
      const made = await callAny(key, { params, body: bodyOf(fields, data, { ...body, ...more }) });
      onDone?.(made);
      // What is shown is asked for again, but what has just been deleted.
      await queries.invalidateQueries({ refetchType: key.startsWith("DELETE ") ? "none" : "active" });
      if (shows) setAnswer(made);
      else close();
    } catch (problem) {
      setError(problem as Error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      <h2>{label}</h2>
      {fields.map((field) => (
        <FieldInput key={field.name} field={field} id={`${id}-${field.name}`} />
      ))}
      {error && <ProblemBox error={error} />}
      {answer !== undefined && <Json value={answer} label="Answer" />}
      <div className="buttons">
        <button type="submit" className={isDangerous ? "danger" : "main"} disabled={isBusy}>
          {isBusy ? "Working …" : label}
        </button>
        <button type="button" onClick={close}>
          Close
        </button>
      </div>
    </form>
  );
}

function FieldInput({ field, id }: { field: Field; id: string }) {
  const { name, label, kind = "text", choices = [], initial = "", isNeeded, hint } = field;
  const common = { id, name, required: isNeeded, "aria-describedby": hint === undefined ? undefined : `${id}-hint` };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {kind === "choice" ? (
        <select {...common} defaultValue={initial}>
          {choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : kind === "check" ? (
        <input {...common} type="checkbox" />
      ) : kind === "text" ? (
        <input {...common} defaultValue={initial} autoComplete="off" />
      ) : kind === "number" ? (
        <input {...common} type="number" step="any" defaultValue={initial} />
      ) : (
        <textarea {...common} defaultValue={initial} rows={3} spellCheck={false} />
      )}
      {hint !== undefined && (
        <p className="quiet" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** The body of a request: empty fields are left out. @throws Error that names the field whose text isn't JSON */
export function bodyOf(fields: readonly Field[], data: FormData, start: object): object {
  const body: Record<string, unknown> = structuredClone(start) as Record<string, unknown>;
  for (const field of fields) {
    const text = String(data.get(field.name) ?? "");
    const value = valueOf(field, text);
    if (value === undefined) continue;
    const path = field.name.split(".");
    const last = path.pop()!;
    let at = body;
    for (const part of path) at = (at[part] ??= {}) as Record<string, unknown>;
    at[last] = value;
  }
  return body;
}

function valueOf({ kind = "text", label }: Field, text: string): unknown {
  if (kind === "check") return text === "on" ? true : undefined;
  if (text.trim() === "") return kind === "inputs" ? [] : undefined;
  if (kind === "number") return Number(text);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (kind === "lines") return lines.map((line) => line.trim());
  if (kind === "inputs") return lines.map((line) => parsed(line, label));
  return kind === "json" ? parsed(text, label) : text;
}

function parsed(text: string, label: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${label}: ${JSON.stringify(text)} is no JSON (${(error as Error).message}). Texts need quotes.`);
  }
}

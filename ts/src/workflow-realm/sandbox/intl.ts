import { current } from "../../workflow/current";
import { platform } from "../platform";

/** Without a date, formatters take the time of the Workflow Task instead of the real one. */
export function installIntl(): void {
  const { prototype } = Intl.DateTimeFormat;
  const now = () => current?.now ?? platform.now();
  const { get: getFormat } = Object.getOwnPropertyDescriptor(prototype, "format")!;
  const formats = new WeakMap<object, (date?: Date | number) => string>();
  Object.defineProperty(prototype, "format", {
    get(this: Intl.DateTimeFormat) {
      const known = formats.get(this);
      if (known !== undefined) return known;
      const original = getFormat!.call(this) as (date: Date | number) => string;
      const format = (date?: Date | number) => original(date === undefined ? now() : date);
      formats.set(this, format);
      return format;
    },
    configurable: true,
  });
  const { formatToParts } = prototype;
  Object.defineProperty(prototype, "formatToParts", {
    value(this: Intl.DateTimeFormat, date?: Date | number) {
      return formatToParts.call(this, date === undefined ? now() : date);
    },
    writable: true,
    configurable: true,
  });
}

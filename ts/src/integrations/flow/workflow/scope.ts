import { ITEM } from "../plan";

/** A scope as the next run of a chain gets it. */
export interface SavedScope {
  prefix: string;
  ids: Record<string, string>;
  last: string;
  index?: number;
}

/**
 * What the verbs of a part of a flow see: names, and the ids of their values. Branches of an `if` share the scope
 * around them; every other part has its own inside of that.
 */
export class Scope {
  /** Names of this scope alone. */
  readonly ids: Record<string, string> = {};

  /**
   * @param prefix stands before names in paths and ids, such as `each[3]/`
   * @param last name of what `ctx.last` is
   * @param index number of the item or turn
   */
  constructor(
    readonly prefix: string,
    public last: string,
    readonly parent?: Scope,
    readonly index?: number,
  ) {}

  static restore({ prefix, ids, last, index }: SavedScope, parent?: Scope): Scope {
    const scope = new Scope(prefix, last, parent, index);
    Object.assign(scope.ids, ids);
    return scope;
  }

  save(): SavedScope {
    const { prefix, ids, last, index } = this;
    return { prefix, ids, last, ...(index === undefined ? {} : { index }) };
  }

  /** A scope for a part inside of this one. */
  inside(): Scope {
    return new Scope(this.prefix, this.last, this);
  }

  /** A scope for a turn of a loop. */
  turn(loop: string, index: number, last: string): Scope {
    return new Scope(`${this.prefix}${loop}[${index}]/`, last, this, index);
  }

  /** The id that a value of a name has. */
  id(name: string): string {
    return this.prefix + name;
  }

  /** Names and ids, the oldest first. */
  visible(): [string, string][] {
    const outer = this.parent?.visible() ?? [];
    const own = Object.entries(this.ids);
    return this.ids[ITEM] === undefined ? [...outer, ...own] : [...outer.filter(([name]) => name !== ITEM), ...own];
  }

  /** The id of a name in this scope or around it. */
  lookUp(name: string): string | undefined {
    return this.ids[name] ?? this.parent?.lookUp(name);
  }

  innermostIndex(): number | undefined {
    return this.index ?? this.parent?.innermostIndex();
  }
}

/** JSON Schema as the descriptions write it: OpenAPI 3.0 or 3.1, or made by us. */
export type Schema = { [keyword: string]: unknown };

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: Schema;
  /** For lists: `a=1&a=2`; otherwise `a=1,2`. */
  explode: boolean;
}

/** One thing that can be asked of an API, however its description was written. */
export interface Operation {
  api: string;
  method: string;
  /** `/contacts/{contact_id}` */
  template: string;
  /** The description's own name for it, where it has one. */
  id?: string;
  /** Why we describe it ourselves; undefined for operations of the official description. */
  ours?: string;
  parameters: Parameter[];
  /** Schemas by content type; empty = it takes no body. */
  bodies: Record<string, Schema>;
  bodyRequired: boolean;
  /** The call must prove who is calling (an `Authorization` header). */
  authorised: boolean;
  /** The schema behind a `$ref` of any of the above. */
  resolve(ref: string): Schema;
}

/** Every official operation of an API, and our own few. */
export interface Api {
  name: string;
  operations: Operation[];
  /** Where one address is several operations: those that we mean, most specific first. */
  meant: string[];
  /** Declared by the description, but only noise of its generator. */
  ignoredHeaders: string[];
}

export class Path {
  readonly literals: number;
  readonly #pattern: RegExp;
  readonly #names: string[] = [];

  constructor(template: string) {
    let literals = 0;
    const pattern = template
      .split(/(\{[^}]+\})/)
      .map((piece) => {
        if (!piece.startsWith('{')) {
          literals += piece.length;
          return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
        }
        this.#names.push(piece.slice(1, -1));
        return '([^/]+?)';
      })
      .join('');
    this.literals = literals;
    this.#pattern = new RegExp(`^${pattern}$`);
  }

  /** The values in a path, decoded; undefined when the path is another one. */
  match(path: string): Record<string, string> | undefined {
    const found = this.#pattern.exec(path);
    if (!found) return undefined;
    return Object.fromEntries(this.#names.map((name, at) => [name, decode(found[at + 1] ?? '')]));
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

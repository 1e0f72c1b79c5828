/** From an adapter's zod schema to the fields of a form: title, description, secret and hidden come from its metadata. */
import { z } from 'zod';
import type { Field } from './forms.ts';

interface Property {
  type?: string;
  title?: string;
  description?: string;
  enum?: unknown[];
  secret?: boolean;
  hidden?: boolean;
}

/**
 * `prefix`: what stands before the property in the form's field names (`credentials.`). Secrets are never written back
 * into a page, also not to whoever has just typed them.
 */
export function fieldsOf(
  schema: z.ZodType,
  prefix: string,
  values: URLSearchParams,
  wrong?: { field: string; why: string },
): Field[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties as Record<string, Property>)
    .filter(([, property]) => !property.hidden)
    .map(([key, property]) => {
      const name = `${prefix}${key}`;
      return {
        name,
        label: property.title ?? wordsOf(key),
        ...(property.description ? { hint: property.description } : {}),
        required: required.includes(key),
        type: property.secret ? ('password' as const) : ('text' as const),
        ...(property.secret ? {} : { value: values.get(name) ?? undefined }),
        ...(property.enum
          ? { options: property.enum.map((one) => ({ value: String(one), label: String(one) })) }
          : {}),
        ...(wrong?.field === name ? { error: wrong.why } : {}),
      };
    });
}

const wordsOf = (key: string): string => {
  const words = key.replaceAll('_', ' ');
  return words.slice(0, 1).toUpperCase() + words.slice(1);
};

/** What the form sent under the prefix; empty fields are left out, so that optional ones are absent. */
export const sentUnder = (form: URLSearchParams, prefix: string): Record<string, string> =>
  Object.fromEntries(
    [...form]
      .filter(([name, value]) => name.startsWith(prefix) && value.trim() !== '')
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );

/** Custom data attributes: defined first, then written, with values of their type. */
import { ApiError, type Door, invalid, requiredText, text } from './api.ts';
import { attributeId, attributeJson } from './wire.ts';
import type { DataAttribute, Workspace, World } from './world.ts';

const DATA_TYPES = ['string', 'integer', 'float', 'boolean', 'datetime', 'date', 'options'];

export function attributeRoutes(world: World, door: Door): void {
  door('get', '/data_attributes', ({ workspace, query }) => {
    const model = query.get('model');
    if (model === 'conversation')
      throw new ApiError(422, 'parameter_invalid', 'model must be contact or company', {}, 'model');
    const data = workspace.attributes.filter((one) => !model || one.model === model).map(attributeJson);
    return { type: 'list', data };
  });
  door('post', '/data_attributes', ({ workspace, body, installer }) => {
    const made = defineAttribute(world, workspace, body, installer.id);
    return attributeJson(made);
  });
}

function defineAttribute(
  world: World,
  workspace: Workspace,
  body: Record<string, unknown>,
  adminId: string,
): DataAttribute {
  const name = requiredText(body, 'name');
  const model = text(body, 'model');
  if (model !== 'contact' && model !== 'company')
    throw invalid('The Data Attribute model field must be either contact or company', 'model');
  if (!/^[\p{L}\p{N}\p{Sc} _-]+$/u.test(name))
    throw invalid(
      'Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens',
    );
  if (workspace.attributes.some((one) => one.name === name))
    throw invalid(
      `You already have '${name}' in your ${model} data. To save this as new people data, use a different name.`,
    );
  const dataType = text(body, 'data_type') ?? '';
  if (!DATA_TYPES.includes(dataType)) throw invalid("Data Type isn't an option", 'data_type');
  const options = (body.options as { value: string }[] | undefined)?.map((one) => one.value);
  if (dataType === 'options' && (options?.length ?? 0) < 2)
    throw invalid('At least two options are needed', 'options');
  const attribute: DataAttribute = {
    id: attributeId(workspace, name),
    name,
    model,
    data_type: dataType === 'options' ? 'string' : dataType,
    ...(options ? { options } : {}),
    description: text(body, 'description') ?? '',
    createdAt: world.now(),
    adminId,
  };
  workspace.attributes.push(attribute);
  return attribute;
}

/** Attributes must have been created before they are written, and values must fit their type. */
export function customAttributes(workspace: Workspace, value: unknown): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid('custom_attributes must be an object');
  for (const [name, one] of Object.entries(value)) {
    const known = workspace.attributes.find(
      (attribute) => attribute.model === 'contact' && attribute.name === name,
    );
    if (!known) throw invalid(`Custom attribute '${name}' does not exist`, `custom_attributes.${name}`);
    if (one !== null && !fits(known, one))
      throw invalid(
        `Custom attribute '${name}' must be of type ${known.data_type}`,
        `custom_attributes.${name}`,
      );
  }
  return value as Record<string, unknown>;
}
function fits(attribute: DataAttribute, value: unknown): boolean {
  if (attribute.options) return attribute.options.includes(String(value));
  if (attribute.data_type === 'boolean') return typeof value === 'boolean';
  if (attribute.data_type === 'string') return typeof value === 'string';
  if (attribute.data_type === 'integer' || attribute.data_type === 'date')
    return Number.isInteger(Number(value));
  return Number.isFinite(Number(value));
}

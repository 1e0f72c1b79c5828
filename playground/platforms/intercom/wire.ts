/** Records as the REST API and the webhooks show them (OpenAPI 2.16). */
import { createHmac } from 'node:crypto';
import { plainFromHtml } from './text.ts';
import type {
  Author,
  Contact,
  Conversation,
  DataAttribute,
  Part,
  Teammate,
  Upload,
  Workspace,
  World,
} from './world.ts';
import { numberFrom, seconds } from './world.ts';

const orNull = (ms: number | null): number | null => (ms === null ? null : seconds(ms));

export function adminJson(teammate: Teammate): Record<string, unknown> {
  return {
    type: 'admin',
    id: teammate.id,
    name: teammate.name,
    email: teammate.email,
    away_mode_enabled: false,
    away_mode_reassign: false,
    away_status_reason_id: null,
    has_inbox_seat: teammate.hasInboxSeat,
    team_ids: [],
  };
}

export function meJson(workspace: Workspace, teammate: Teammate): Record<string, unknown> {
  return {
    ...adminJson(teammate),
    email_verified: teammate.emailVerified,
    avatar: { type: 'avatar', image_url: null },
    app: {
      type: 'app',
      id_code: workspace.idCode,
      name: workspace.name,
      region: workspace.region,
      timezone: workspace.timezone,
      created_at: 1_700_000_000,
      identity_verification: false,
      secure: false,
    },
  };
}

const emptyList = (url: string) => ({ type: 'list', data: [], url, total_count: 0, has_more: false });

export function contactJson(workspace: Workspace, contact: Contact): Record<string, unknown> {
  return {
    type: 'contact',
    id: contact.id,
    workspace_id: workspace.idCode,
    external_id: contact.external_id,
    role: contact.role,
    email: contact.email,
    email_domain: contact.email?.split('@')[1] ?? null,
    phone: contact.phone,
    formatted_phone: contact.phone,
    name: contact.name,
    avatar: contact.avatar ? { type: 'avatar', image_url: contact.avatar } : null,
    owner_id: contact.owner_id,
    has_hard_bounced: false,
    marked_email_as_spam: false,
    unsubscribed_from_emails: false,
    created_at: seconds(contact.createdAt),
    updated_at: seconds(contact.updatedAt),
    signed_up_at: null,
    last_seen_at: null,
    last_replied_at: null,
    last_contacted_at: null,
    language_override: null,
    ...contact.fields,
    custom_attributes: contact.custom_attributes,
    social_profiles: { type: 'list', data: [] },
    location: { type: 'location', country: null, region: null, city: null },
    tags: emptyList(`/contacts/${contact.id}/tags`),
    notes: emptyList(`/contacts/${contact.id}/notes`),
    companies: emptyList(`/contacts/${contact.id}/companies`),
    merge_history: contact.merges,
  };
}

/** A fresh signed URL at every reading; it dies after `attachmentTtlMs`. */
function uploadUrl(world: World, upload: Upload): string {
  const expires = seconds(world.now() + world.timings.attachmentTtlMs);
  const query = new URLSearchParams({
    expires: String(expires),
    signature: uploadSignature(world, upload.id, expires),
    req: upload.id.slice(0, 8),
  });
  return `${world.baseUrl()}/downloads/i/o/${upload.id}/${encodeURIComponent(upload.name)}?${query}`;
}
export const uploadSignature = (world: World, id: string, expires: number): string =>
  createHmac('sha256', world.storageKey).update(`${id}.${expires}`).digest('hex');

const attachmentJson = (world: World, upload: Upload): Record<string, unknown> => ({
  type: 'upload',
  name: upload.name,
  url: uploadUrl(world, upload),
  content_type: upload.contentType,
  filesize: upload.bytes.length,
  width: null,
  height: null,
});

const authorJson = (author: Author) => ({
  type: author.type,
  id: author.id,
  name: author.name,
  email: author.email,
  from_ai_agent: false,
  is_ai_answer: false,
});

/** How bodies are written: webhooks and `display_as=plaintext` have no markup. */
export type BodyForm = 'html' | 'plaintext';
/** Inline images are stored as `upload:<id>` and get their expiring URL when read. */
function bodyIn(world: World, html: string | null, form: BodyForm): string | null {
  if (html === null) return null;
  if (form === 'plaintext') return plainFromHtml(html);
  return html.replace(/src="upload:([^"]+)"/g, (all, id: string) => {
    const upload = world.uploads.get(id);
    return upload ? `src="${uploadUrl(world, upload).replace(/&/g, '&amp;')}"` : all;
  });
}

export function partJson(world: World, part: Part, form: BodyForm): Record<string, unknown> {
  return {
    type: 'conversation_part',
    id: part.id,
    part_type: part.partType,
    body: bodyIn(world, part.html, form),
    created_at: seconds(part.createdAt),
    updated_at: seconds(part.createdAt),
    notified_at: seconds(part.createdAt),
    assigned_to: part.assignedTo === null ? null : { type: 'admin', id: part.assignedTo },
    author: authorJson(part.author),
    attachments: part.uploads.map((upload) => attachmentJson(world, upload)),
    external_id: null,
    redacted: part.redacted,
    email_message_metadata: null,
    metadata: part.quickReplies.length > 0 ? { quick_reply_options: part.quickReplies } : {},
    state: part.state,
    tags: [],
    event_details: {},
    app_package_code: part.appPackageCode,
  };
}

/** `parts`: those to show. The API shows at most the newest 500, a webhook only what triggered it. */
export function conversationJson(
  world: World,
  workspace: Workspace,
  conversation: Conversation,
  parts: Part[],
  form: BodyForm,
): Record<string, unknown> {
  const { source } = conversation;
  return {
    type: 'conversation',
    id: conversation.id,
    title: conversation.title,
    created_at: seconds(conversation.createdAt),
    updated_at: seconds(conversation.updatedAt),
    waiting_since: orNull(conversation.waitingSince),
    snoozed_until: orNull(conversation.snoozedUntil),
    open: conversation.state === 'open',
    state: conversation.state,
    read: conversation.read,
    priority: 'none',
    admin_assignee_id: Number(conversation.adminAssigneeId),
    team_assignee_id: 0,
    source: {
      type: 'conversation',
      id: source.id,
      delivered_as: source.deliveredAs,
      subject: source.subject,
      body: bodyIn(world, source.html, form),
      author: authorJson(source.author),
      attachments: source.uploads.map((upload) => attachmentJson(world, upload)),
      url: null,
      redacted: source.redacted,
    },
    contacts: { type: 'contact.list', contacts: contactReferences(workspace, conversation) },
    teammates: { type: 'admin.list', teammates: teammatesOf(conversation) },
    tags: { type: 'tag.list', tags: conversation.tags.map(tagJson) },
    custom_attributes: conversation.customAttributes,
    first_contact_reply: null,
    sla_applied: null,
    conversation_rating: null,
    statistics: null,
    linked_objects: { type: 'list', data: [], total_count: 0, has_more: false },
    ai_agent_participated: false,
    ai_agent: null,
    ticket: null,
    conversation_parts: {
      type: 'conversation_part.list',
      conversation_parts: parts.map((part) => partJson(world, part, form)),
      total_count: conversation.parts.length,
    },
  };
}

const contactReferences = (workspace: Workspace, conversation: Conversation) =>
  conversation.contactIds.map((id) => ({
    type: 'contact',
    id,
    external_id: workspace.contacts.get(id)?.external_id ?? null,
  }));

const teammatesOf = (conversation: Conversation) =>
  conversation.adminAssigneeId === '0' ? [] : [{ type: 'admin', id: conversation.adminAssigneeId }];

export const tagJson = (tag: Conversation['tags'][number]): Record<string, unknown> => ({
  type: 'tag',
  id: tag.id,
  name: tag.name,
  applied_at: seconds(tag.applied_at),
  applied_by: { type: 'admin', id: tag.applied_by },
});

export const attributeJson = (attribute: DataAttribute): Record<string, unknown> => ({
  type: 'data_attribute',
  id: attribute.id,
  model: attribute.model,
  name: attribute.name,
  full_name: `custom_attributes.${attribute.name}`,
  label: attribute.name,
  description: attribute.description,
  data_type: attribute.data_type,
  ...(attribute.options ? { options: attribute.options } : {}),
  api_writable: true,
  messenger_writable: false,
  ui_writable: true,
  custom: true,
  archived: false,
  created_at: seconds(attribute.createdAt),
  updated_at: seconds(attribute.createdAt),
  admin_id: attribute.adminId,
});

export const attributeId = (workspace: Workspace, name: string): number =>
  numberFrom(`${workspace.idCode}.${name}`);

/** A contact as the CRM shows it, with the read-only properties that HubSpot calculates from phone numbers. */
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { type CrmContact, iso } from './world.ts';

const ALWAYS = ['createdate', 'lastmodifieddate', 'hs_object_id'];
const USUAL = ['email', 'firstname', 'lastname'];
export function contactJson(contact: CrmContact, properties: string[]): Record<string, unknown> {
  const all = allProperties(contact);
  const names = [...ALWAYS, ...(properties.length > 0 ? properties : USUAL)];
  return {
    id: contact.id,
    properties: Object.fromEntries(names.map((name) => [name, all[name] ?? null])),
    createdAt: iso(contact.createdAt),
    updatedAt: iso(contact.updatedAt),
    archived: contact.archived,
  };
}

/** With the read-only calculated ones that searches by phone go through. */
export function allProperties(contact: CrmContact): Record<string, string | null> {
  const phone = calculated(contact.properties.phone);
  const mobile = calculated(contact.properties.mobilephone);
  return {
    ...contact.properties,
    createdate: iso(contact.createdAt),
    lastmodifieddate: iso(contact.updatedAt),
    hs_object_id: contact.id,
    hs_searchable_calculated_phone_number: phone.national,
    hs_searchable_calculated_mobile_number: mobile.national,
    hs_searchable_calculated_international_phone_number: phone.international,
    hs_searchable_calculated_international_mobile_number: mobile.international,
  };
}

/** Digits without country code, and digits with it. */
function calculated(phone: string | null | undefined): {
  national: string | null;
  international: string | null;
} {
  if (!phone) return { national: null, international: null };
  const parsed = parsePhoneNumberFromString(phone, 'US');
  const digits = phone.replace(/\D/g, '');
  if (!parsed) return { national: digits, international: digits };
  return { national: parsed.nationalNumber, international: parsed.number.slice(1) };
}

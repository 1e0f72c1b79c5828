/** How a customer of ours is written down in Intercom. */
import type { Customer, Identity } from '../../core/message.ts';

/**
 * Our attribute on contacts: which customer on which channel. Letters and hyphens only, by Intercom's rule for names.
 * https://developers.intercom.com/docs/references/rest-api/api.intercom.io/data-attributes
 */
export const ATTRIBUTE = 'octopods-id';

/** A phone number is the same person on every channel; anything else only where it comes from. */
export const mainIdentity = ({ identities }: Customer): Identity | undefined =>
  identities.find((identity) => identity.kind === 'phone') ?? identities[0];

/** `telegram:7120001:88`: what our attribute holds. */
export const attributeValue = ({ kind, scope, value }: Identity): string =>
  [kind, scope, value].filter(Boolean).join(':');

export const contactName = (customer: Customer): string => customer.name || customer.address;

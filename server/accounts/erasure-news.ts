/** A platform that erased a contact had us erase the person behind it: that is in the trail, and names nobody. */
import type { ConnectionStore } from '../store/connections/connections.ts';
import type { ContactErasures } from '../store/erasure/erase-contact.ts';
import type { Audit } from './contracts.ts';

interface NewsDeps {
  connections: Pick<ConnectionStore, 'workspace'>;
  audit: Audit;
}

export const erasureNews =
  ({ connections, audit }: NewsDeps): Parameters<ContactErasures['onErasing']>[0] =>
  async ({ workspaceId, contactId }) => {
    const workspace = await connections.workspace(workspaceId);
    if (!workspace) return undefined;
    const { account_id, platform } = workspace;
    const subject = await audit.pseudonym('contact', platform, contactId);
    const note = await audit.noting({ account_id, system: true });
    return ({ conversations, messages, files }) => {
      const facts = { asked_by: platform, conversations, messages, files: files.length };
      return note({ action: 'customer.erased', workspaceId, subject, facts });
    };
  };

import { hubspot } from '@hubspot/ui-extensions';
import { ConversationsCard } from './ConversationsCard.tsx';

// One entry for the sidebar and the tab of a contact: two -hsmeta.json files name it.
hubspot.extend<'crm.record.tab' | 'crm.record.sidebar'>(({ context, actions }) => (
  <ConversationsCard context={context} addAlert={actions.addAlert} />
));

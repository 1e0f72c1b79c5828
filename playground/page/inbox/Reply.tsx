import { useState } from 'react';
import type { InboxConversation, PlatformId } from '../api.ts';
import { act } from '../client.ts';
import { Composer } from '../parts/Composer.tsx';
import { Tabs } from '../parts/Tabs.tsx';

interface Props {
  platform: PlatformId;
  conversation: InboxConversation;
}
const MODES = [
  { id: 'reply', label: 'Reply' },
  { id: 'note', label: 'Note' },
] as const;

/** Where the agent answers, or leaves a note that the customer never sees. */
export function Reply({ platform, conversation }: Props) {
  const [mode, setMode] = useState<'reply' | 'note'>('reply');
  const note = mode === 'note';
  return (
    <Composer
      name="inbox"
      className={note ? 'reply note' : 'reply'}
      label={note ? 'Internal note' : `Reply to ${conversation.contact.name}`}
      placeholder={note ? 'Only your team sees this' : `Reply to ${conversation.contact.name}`}
      send={(text, files) => act(`${platform}.reply`, { conversationId: conversation.id, text, files, note })}
    >
      <Tabs name="Reply or note" tabs={[...MODES]} selected={mode} onSelect={setMode} className="underline" />
    </Composer>
  );
}

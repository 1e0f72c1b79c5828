import { useMemo, useState } from 'react';
import type { HubspotPortal, HubspotThread } from '../api.ts';
import type { AlertRequest, ExtensionContext } from '../extension/contract.ts';
import { ExtensionFrame } from '../extension/ExtensionFrame.tsx';
import { Avatar } from '../parts/Avatar.tsx';
import { Tabs } from '../parts/Tabs.tsx';
import { Reply } from './Reply.tsx';
import { ConversationList, Thread } from './Thread.tsx';

interface Props {
  portal: HubspotPortal;
  selected: string | undefined;
  onSelect(id: string): void;
  onAlert(alert: AlertRequest): void;
}
const TABS = [
  { id: 'conversation', label: 'Conversation' },
  { id: 'card', label: 'Octopods conversations' },
] as const;

/** The team's HubSpot: the inbox thread, and beside it the contact's record with our extension in its sidebar. */
export function HubspotView({ portal, selected, onSelect, onAlert }: Props) {
  const [tab, setTab] = useState<'conversation' | 'card'>('conversation');
  const thread = portal.threads.find((one) => one.id === selected);
  return (
    <div className="inbox hubspot">
      <ConversationList conversations={portal.threads} selected={thread?.id} onSelect={onSelect} />
      {thread ? (
        <>
          <div className="middle">
            <header className="thread-head">
              <Tabs
                name="Record tab"
                tabs={[...TABS]}
                selected={tab}
                onSelect={setTab}
                className="underline"
              />
              <small>{portal.portal.name}</small>
            </header>
            {tab === 'conversation' ? (
              <>
                <Thread conversation={thread} />
                <Reply key={thread.id} platform="hubspot" conversation={thread} />
              </>
            ) : (
              <div className="record-tab">
                <Extension portal={portal} thread={thread} location="crm.record.tab" onAlert={onAlert} />
              </div>
            )}
          </div>
          <Record portal={portal} thread={thread} card={tab !== 'card'} onAlert={onAlert} />
        </>
      ) : (
        <p className="nothing middle">Choose a conversation, or write on the phone to begin one.</p>
      )}
    </div>
  );
}

interface RecordProps {
  portal: HubspotPortal;
  thread: HubspotThread;
  /** The sidebar shows the card, unless the tab shows it already. */
  card: boolean;
  onAlert(alert: AlertRequest): void;
}

function Record({ portal, thread, card, onAlert }: RecordProps) {
  return (
    <aside className="details" aria-label="Contact record">
      <section className="about">
        <div className="about-who">
          <Avatar name={thread.contact.name} />
          <strong title={thread.contact.name}>{thread.contact.name}</strong>
        </div>
        {thread.record ? (
          <dl>
            {thread.record.properties.map((property) => (
              <div key={property.label}>
                <dt>{property.label}</dt>
                <dd>{property.value || '–'}</dd>
              </div>
            ))}
          </dl>
        ) : (
          <p className="hint">A visitor: no contact is associated with this conversation.</p>
        )}
      </section>
      {card && thread.record && (
        <section className="app-card" aria-label="Octopods card" data-testid="hubspot-card">
          <header>
            <h3>Octopods conversations</h3>
          </header>
          <Extension portal={portal} thread={thread} location="crm.record.sidebar" onAlert={onAlert} />
        </section>
      )}
    </aside>
  );
}

interface ExtensionProps {
  portal: HubspotPortal;
  thread: HubspotThread;
  location: ExtensionContext['location'];
  onAlert(alert: AlertRequest): void;
}

function Extension({ portal, thread, location, onAlert }: ExtensionProps) {
  const { extension, agent } = portal;
  const portalId = portal.portal.id;
  const { record } = thread;
  const context = useMemo(
    () => record && contextOf(record, portalId, agent.name, extension, location),
    [record, portalId, agent.name, extension, location],
  );
  if (!context) return <p className="hint">No contact is associated with this conversation yet.</p>;
  return (
    <ExtensionFrame
      bundleUrl={extension.bundleUrl}
      workerUrl={extension.workerUrl}
      fetchUrl="/playground/hubspot/fetch"
      context={context}
      onAlert={onAlert}
    />
  );
}

function contextOf(
  record: NonNullable<HubspotThread['record']>,
  portalId: number,
  agent: string,
  extension: HubspotPortal['extension'],
  location: ExtensionContext['location'],
): ExtensionContext {
  const [firstName = agent, ...rest] = agent.split(' ');
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return {
    location,
    crm: { objectId: record.objectId, objectTypeId: record.objectTypeId },
    user: {
      id: 1,
      email: 'agent@example.com',
      firstName,
      lastName: rest.join(' '),
      locale: navigator.language,
    },
    portal: { id: portalId, timezone: timeZone },
    extension: { appId: extension.appId, appName: 'Octopods', cardTitle: 'Octopods conversations' },
    variables: extension.variables,
  };
}

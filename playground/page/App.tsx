import { useEffect, useState } from 'react';
import type { InboxConversation, PhoneApp, PlatformId, Setup, Snapshot } from './api.ts';
import { useSnapshot } from './client.ts';
import type { AlertRequest } from './extension/contract.ts';
import { HubspotView } from './inbox/HubspotRecord.tsx';
import { IntercomView } from './inbox/IntercomInbox.tsx';
import { FaultSwitches } from './ledger/FaultSwitches.tsx';
import { Ledger } from './ledger/Ledger.tsx';
import { Logo } from './parts/icons.tsx';
import { type Tab, Tabs } from './parts/Tabs.tsx';
import { PhonePane } from './phone/Phone.tsx';

export function App() {
  const { snapshot, offline } = useSnapshot();
  return (
    <>
      {offline && (
        <p className="banner" role="alert">
          The playground does not answer. Trying again…
        </p>
      )}
      {snapshot?.setup.state === 'ready' ? (
        <Stage snapshot={snapshot} />
      ) : (
        <SettingUp setup={snapshot?.setup} />
      )}
    </>
  );
}

const STEP_MARKS = { waiting: '○', running: '◐', done: '✓', failed: '✕' } as const;

/** The first seconds: what is being installed and connected, over the same wire as a customer's real accounts. */
function SettingUp({ setup }: { setup: Setup | undefined }) {
  return (
    <main className="setting-up" aria-busy={setup?.state !== 'failed'}>
      <Logo />
      <h1>
        {setup?.state === 'failed' ? 'The playground could not be set up' : 'Setting up the playground'}
      </h1>
      <ol>
        {setup?.steps.map((step) => (
          <li key={step.title} className={step.state}>
            <span aria-hidden="true">{STEP_MARKS[step.state]}</span>
            <span>
              {step.title}
              {step.detail && <small>{step.detail}</small>}
            </span>
          </li>
        ))}
      </ol>
      {setup?.state === 'failed' && (
        <p>
          What Octopods itself said is in <code>data/playground</code>, in <code>octopods.log</code>. To try
          again, stop the playground and start it anew.
        </p>
      )}
    </main>
  );
}

type Pane = 'phone' | 'inbox' | 'ledger' | 'faults';
const PANES: Tab<Pane>[] = [
  { id: 'phone', label: 'Phone' },
  { id: 'inbox', label: 'Inbox' },
  { id: 'ledger', label: 'Ledger' },
  { id: 'faults', label: 'What if…' },
];

function Stage({ snapshot }: { snapshot: Snapshot }) {
  const [platform, setPlatform] = useState<PlatformId>('intercom');
  const [app, setApp] = useState<PhoneApp>('telegram');
  const [pane, setPane] = useState<Pane>('phone');
  const [chosen, setChosen] = useState<Record<string, string>>({});
  const choose = (key: string) => (id: string) => setChosen((before) => ({ ...before, [key]: id }));
  const conversations = platform === 'intercom' ? snapshot.intercom.conversations : snapshot.hubspot.threads;
  // Phone and inbox show the same conversation: whichever is turned, the other follows.
  const selected = besidePhone(conversations, app, chosen[platform])?.id;
  const select = (id: string) => {
    choose(platform)(id);
    setApp(conversations.find((one) => one.id === id)?.app ?? app);
  };
  const [alert, setAlert] = useAlert();
  const phoneKey = `${platform}/${app}`;
  return (
    <main className="stage" data-shown={pane}>
      <Header platform={platform} onPlatform={setPlatform} snapshot={snapshot} />
      <Tabs
        name="Part of the page"
        tabs={PANES}
        selected={pane}
        onSelect={setPane}
        className="pills pane-tabs"
      />
      <PhonePane
        phones={snapshot.phones.filter((phone) => phone.platform === platform)}
        app={app}
        onApp={setApp}
        chosen={chosen[phoneKey]}
        onChoose={choose(phoneKey)}
      />
      <section
        className="pane inbox-pane"
        aria-label="The agent's inbox"
        data-pane="inbox"
        data-platform={platform}
      >
        {platform === 'intercom' ? (
          <IntercomView
            inbox={snapshot.intercom}
            ledger={snapshot.ledger}
            selected={selected}
            onSelect={select}
          />
        ) : (
          <HubspotView portal={snapshot.hubspot} selected={selected} onSelect={select} onAlert={setAlert} />
        )}
      </section>
      <Ledger rows={snapshot.ledger} wire={snapshot.wire} />
      <FaultSwitches faults={snapshot.faults} worker={snapshot.worker} app={app} />
      {alert && (
        <div className={`toast ${alert.type ?? 'info'}`} role="status" data-testid="toast">
          {alert.title && <strong>{alert.title}</strong>}
          {alert.message}
        </div>
      )}
    </main>
  );
}

/** The conversation that was chosen, or the newest, of those with the customer whose phone is shown. */
function besidePhone<Conversation extends InboxConversation>(
  conversations: Conversation[],
  app: PhoneApp,
  chosen: string | undefined,
): Conversation | undefined {
  const fitting = conversations.filter((one) => one.app === undefined || one.app === app);
  return fitting.find((one) => one.id === chosen) ?? fitting[0];
}

/** What a HubSpot extension asks to be said, for a few seconds. */
function useAlert() {
  const [alert, setAlert] = useState<AlertRequest>();
  useEffect(() => {
    if (!alert) return;
    const timer = setTimeout(() => setAlert(undefined), 6_000);
    return () => clearTimeout(timer);
  }, [alert]);
  return [alert, setAlert] as const;
}

interface HeaderProps {
  platform: PlatformId;
  onPlatform(platform: PlatformId): void;
  snapshot: Snapshot;
}

function Header({ platform, onPlatform, snapshot }: HeaderProps) {
  const tabs: Tab<PlatformId>[] = [
    {
      id: 'intercom',
      label: 'Intercom',
      badge: platform === 'intercom' ? 0 : unreadIn(snapshot.intercom.conversations),
    },
    {
      id: 'hubspot',
      label: 'HubSpot',
      badge: platform === 'hubspot' ? 0 : unreadIn(snapshot.hubspot.threads),
    },
  ];
  return (
    <header className="top">
      <h1>
        <Logo />
        Octopods <span>playground</span>
      </h1>
      <p>
        The customer writes on the phone. The agent answers in the inbox. Everything between is the real
        product.
      </p>
      <div className="top-platform">
        <span id="answered-in">Answered in</span>
        <Tabs name="Platform" tabs={tabs} selected={platform} onSelect={onPlatform} className="segment" />
      </div>
    </header>
  );
}

const unreadIn = (conversations: { unread: boolean }[]): number =>
  conversations.filter((one) => one.unread).length;

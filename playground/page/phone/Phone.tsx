import { useEffect } from 'react';
import type { Phone, PhoneApp, PhoneMessage } from '../api.ts';
import { act } from '../client.ts';
import { Avatar } from '../parts/Avatar.tsx';
import { Composer } from '../parts/Composer.tsx';
import { Files } from '../parts/files.tsx';
import { APPS, PLATFORMS } from '../parts/names.ts';
import { Switch } from '../parts/Switch.tsx';
import { Tabs } from '../parts/Tabs.tsx';
import { clockTime } from '../parts/time.ts';
import { useStick } from '../parts/useStick.ts';

const ORDER: PhoneApp[] = ['telegram', 'whatsapp', 'sms'];
const unread = (phones: Phone[]): number =>
  phones.flatMap((phone) => phone.messages).filter((message) => message.status === 'unread').length;

interface Props {
  /** The chats that are answered in the platform that the inbox shows. */
  phones: Phone[];
  app: PhoneApp;
  onApp(app: PhoneApp): void;
  chosen: string | undefined;
  onChoose(phoneId: string): void;
}

/** The customer's phone: an app per tab, and in it the chat with one of our numbers or bots. */
export function PhonePane({ phones, app, onApp, chosen, onChoose }: Props) {
  const chats = phones.filter((phone) => phone.app === app);
  const chat = chats.find((phone) => phone.id === chosen) ?? chats[0];
  const tabs = ORDER.map((id) => ({
    id,
    label: APPS[id],
    badge: id === app ? 0 : unread(phones.filter((phone) => phone.app === id)),
  }));
  return (
    <section className="pane phone-pane" aria-label="The customer's phone" data-pane="phone">
      <Tabs name="Phone app" tabs={tabs} selected={app} onSelect={onApp} className="pills" />
      <div className={`device ${app}`} data-testid="phone" data-phone={chat?.id}>
        {chat ? <Chat key={chat.id} phone={chat} chats={chats} onChoose={onChoose} /> : <NoChat app={app} />}
      </div>
    </section>
  );
}

const NoChat = ({ app }: { app: PhoneApp }) => (
  <p className="nothing">No {APPS[app]} number is connected here yet.</p>
);

function Chat({ phone, chats, onChoose }: { phone: Phone; chats: Phone[]; onChoose(id: string): void }) {
  const waiting = unread([phone]) > 0;
  useEffect(() => {
    // The customer is looking at the chat: their phone says so to those who sent.
    if (waiting && document.visibilityState === 'visible')
      void act('phone.read', { phoneId: phone.id }).catch(() => {});
  }, [waiting, phone.id]);
  return (
    <>
      <header className="chat-head">
        <Avatar name={phone.business.name} />
        <div className="chat-who">
          <strong title={phone.business.name}>{phone.business.name}</strong>
          <small>
            {phone.business.address} · answered in {PLATFORMS[phone.platform]}
          </small>
        </div>
      </header>
      <OwnerBar phone={phone} chats={chats} onChoose={onChoose} />
      <Switch
        className="obstacle"
        label={phone.obstacle.label}
        testId="phone-obstacle"
        on={phone.obstacle.on}
        onChange={(on) => void act('phone.obstacle', { phoneId: phone.id, on }).catch(() => {})}
      />
      <Bubbles messages={phone.messages} />
      <Composer
        name="phone"
        label={`Message to ${phone.business.name}`}
        placeholder="Message"
        send={(text, files) => act('phone.send', { phoneId: phone.id, text, files })}
      />
    </>
  );
}

/** Whose phone it is; with several customers, the choice between them. */
function OwnerBar({ phone, chats, onChoose }: { phone: Phone; chats: Phone[]; onChoose(id: string): void }) {
  if (chats.length < 2)
    return (
      <p className="owner">
        {phone.customer.name}'s phone <span>{phone.customer.address}</span>
      </p>
    );
  return (
    <label className="owner">
      <span className="visually-hidden">Whose phone</span>
      <select
        value={phone.id}
        onChange={(event) => onChoose(event.target.value)}
        data-testid="phone-customer"
      >
        {chats.map((chat) => (
          <option key={chat.id} value={chat.id}>
            {chat.customer.name}'s phone · {chat.customer.address}
            {unread([chat]) > 0 ? ` (${unread([chat])} new)` : ''}
          </option>
        ))}
      </select>
    </label>
  );
}

function Bubbles({ messages }: { messages: PhoneMessage[] }) {
  const list = useStick<HTMLDivElement>(messages.length);
  return (
    <div ref={list} className="bubbles" role="log" aria-label="Messages on the phone">
      {messages.length === 0 && (
        <p className="nothing">
          Nothing here yet. Write something: it will stand in the inbox a moment later.
        </p>
      )}
      {messages.map((message) => (
        <Bubble key={message.id} message={message} />
      ))}
    </div>
  );
}

const OWN: Partial<Record<PhoneMessage['status'], { mark: string; words: string }>> = {
  sending: { mark: '◷', words: 'sending' },
  sent: { mark: '✓', words: 'sent' },
  failed: { mark: '⚠', words: 'not accepted yet, will be sent again' },
};

function Bubble({ message }: { message: PhoneMessage }) {
  const own = message.from === 'customer' ? OWN[message.status] : undefined;
  return (
    <div
      className={`bubble ${message.from === 'customer' ? 'mine' : 'theirs'}`}
      data-testid="phone-message"
      data-from={message.from}
    >
      <Files files={message.files} />
      {message.text && <span className="bubble-text">{message.text}</span>}
      <small className="bubble-foot">
        {clockTime(message.at)}
        {own && (
          <span title={own.words} role="img" aria-label={own.words}>
            {own.mark}
          </span>
        )}
      </small>
    </div>
  );
}

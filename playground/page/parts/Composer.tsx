import {
  type ClipboardEvent,
  type DragEvent,
  type KeyboardEvent,
  type ReactNode,
  useId,
  useState,
} from 'react';
import type { Upload } from '../api.ts';
import { wordsOf } from '../client.ts';
import { type Attachment, attach } from './files.tsx';
import { Clip, Close, Send } from './icons.tsx';

interface Props {
  /** Prefix of the test ids: `phone`, `inbox`. */
  name: string;
  label: string;
  placeholder: string;
  send(text: string, files: Upload[]): Promise<unknown>;
  className?: string;
  children?: ReactNode;
}

/** Where a message is written: text, files by button, paste or drop; Enter sends, Shift+Enter breaks the line. */
export function Composer({ name, label, placeholder, send, className = '', children }: Props) {
  const { text, setText, attachments, problem, ready, submit } = useMessage(send);
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void submit();
  };
  return (
    <form
      className={`composer ${className}`}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      {...attachments.dropTarget}
    >
      {children}
      <Previews files={attachments.files} remove={attachments.remove} />
      <div className="composer-row">
        <AttachButton name={name} add={attachments.add} />
        <textarea
          rows={Math.min(5, text.split('\n').length)}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={pressed}
          onPaste={attachments.pasted}
          aria-label={label}
          placeholder={placeholder}
          data-testid={`${name}-input`}
        />
        <button
          type="submit"
          className="send"
          disabled={!ready}
          aria-label="Send"
          data-testid={`${name}-send`}
        >
          <Send />
        </button>
      </div>
      {problem && (
        <p className="composer-problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

/** What is being written, and sending it: the box is emptied only when it was taken. */
function useMessage(send: Props['send']) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const attachments = useAttachments(setProblem);
  const ready = !busy && (text.trim() !== '' || attachments.files.length > 0);

  const submit = async () => {
    if (!ready) return;
    setBusy(true);
    setProblem('');
    const uploads = attachments.files.map(({ preview: _, ...upload }) => upload);
    try {
      await send(text.trim(), uploads);
      setText('');
      attachments.clear();
    } catch (error) {
      setProblem(wordsOf(error));
    }
    setBusy(false);
  };
  return { text, setText, attachments, problem, ready, submit };
}

function useAttachments(setProblem: (why: string) => void) {
  const [files, setFiles] = useState<Attachment[]>([]);
  const add = async (list: FileList | undefined | null) => {
    try {
      const added = await Promise.all([...(list ?? [])].map(attach));
      setFiles((before) => [...before, ...added]);
    } catch (error) {
      setProblem(wordsOf(error));
    }
  };
  return {
    files,
    add,
    clear: () => setFiles([]),
    remove: (index: number) => setFiles((before) => before.filter((_, at) => at !== index)),
    pasted: (event: ClipboardEvent) => void add(event.clipboardData.files),
    dropTarget: {
      onDragOver: (event: DragEvent) => event.preventDefault(),
      onDrop: (event: DragEvent) => {
        event.preventDefault();
        void add(event.dataTransfer.files);
      },
    },
  };
}

function AttachButton({ name, add }: { name: string; add(files: FileList | null): Promise<void> }) {
  const id = useId();
  return (
    <span className="attach">
      <input
        id={id}
        type="file"
        multiple={true}
        className="visually-hidden"
        data-testid={`${name}-attach`}
        aria-label="Attach files"
        onChange={(event) => {
          void add(event.target.files).then(() => {
            event.target.value = '';
          });
        }}
      />
      <label htmlFor={id} title="Attach an image or a file">
        <Clip />
      </label>
    </span>
  );
}

function Previews({ files, remove }: { files: Attachment[]; remove(index: number): void }) {
  if (files.length === 0) return null;
  return (
    <ul className="previews" aria-label="Files to send">
      {files.map((file, index) => (
        // the same file may be attached twice; nothing else names it.
        <li key={`${file.name}-${index}`}>
          {file.contentType.startsWith('image/') ? (
            <img src={file.preview} alt={file.name} />
          ) : (
            <span>{file.name}</span>
          )}
          <button type="button" aria-label={`Remove ${file.name}`} onClick={() => remove(index)}>
            <Close />
          </button>
        </li>
      ))}
    </ul>
  );
}

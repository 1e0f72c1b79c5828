// The console works without this file; with it, a few things are nearer at hand.

// What was just done is said once, not again on a reload.
const address = new URL(location.href);
if (address.searchParams.has('done')) {
  address.searchParams.delete('done');
  history.replaceState(null, '', address);
}

// Times in the reader's own time zone.
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const localise = (root) => {
  for (const time of root.querySelectorAll('time[datetime]'))
    time.title = exact.format(new Date(time.dateTime));
};

// Copy buttons exist only where copying works.
const offerCopying = (root) => {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll('[data-copy]')) button.hidden = false;
};
document.addEventListener('click', async (event) => {
  const button = event.target.closest?.('[data-copy]');
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = 'Copied';
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 2_000);
});

// A form is sent once, however often its button is pressed.
document.addEventListener('submit', (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  else event.target.dataset.sent = 'yes';
});
addEventListener('pageshow', () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// All of a list, or none of it.
const boxesOf = (button) => [...button.form.querySelectorAll(`input[name="${button.dataset.choose}"]`)];
for (const button of document.querySelectorAll('[data-choose]'))
  if (boxesOf(button).length > 1) button.hidden = false;
document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-choose]');
  if (!button) return;
  const boxes = boxesOf(button);
  const all = boxes.every((box) => !box.checked);
  for (const box of boxes) box.checked = all;
  button.textContent = all ? 'Choose none' : 'Choose all';
});

// Filters apply as soon as they are chosen.
document.addEventListener('change', (event) => {
  const form = event.target.closest?.('form[data-live]');
  if (form && event.target.matches('select')) form.requestSubmit();
});

// What is under way is looked at again; only the part that changed is replaced, and never under the reader's hands.
const inUse = (part) => part.contains(document.activeElement) || part.querySelector('details[open]') !== null;
const live = document.querySelector('[data-refresh]');
if (live) {
  const again = async () => {
    const answer = document.hidden ? undefined : await fetch(location.href).catch(() => undefined);
    if (answer?.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      for (const part of document.querySelectorAll('[data-refresh]')) {
        const next = fresh.getElementById(part.id);
        if (next && !inUse(part) && next.innerHTML !== part.dataset.seen) {
          part.dataset.seen = next.innerHTML;
          part.replaceChildren(...next.childNodes);
          localise(part);
          offerCopying(part);
        }
      }
    }
    setTimeout(again, 3_000);
  };
  setTimeout(again, 3_000);
}

localise(document);
offerCopying(document);

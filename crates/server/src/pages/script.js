// Comfort only: every page works without it. Shows a typed password, keeps the section of the account page, and says that a submit is in
// progress.
for (const button of document.querySelectorAll('button.reveal')) {
  const input = document.getElementById(button.getAttribute('aria-controls'));
  const hidden = button.textContent;
  const set = (shown) => {
    input.type = shown ? 'text' : 'password';
    button.textContent = shown ? button.dataset.shown : hidden;
    button.setAttribute('aria-pressed', shown);
  };
  button.hidden = false;
  button.addEventListener('click', () => set(input.type === 'password'));
  input.form.addEventListener('submit', () => set(false));
}
// The section of the account page to return to is in the fragment, which the server does not get.
const section = document.querySelector('input[name=section]');
if (section) section.value = location.hash.slice(1);
let busy;
document.addEventListener('submit', (event) => {
  if (busy) return event.preventDefault();
  busy = event.submitter;
  if (busy) busy.setAttribute('aria-busy', 'true');
});
addEventListener('pageshow', () => {
  if (busy) busy.removeAttribute('aria-busy');
  busy = undefined;
});

// While something goes on with a job, its part of the page is asked for anew; at the end the whole page is.
const EVERY_MS = 2000;

async function follow() {
  const live = document.querySelector('[data-live]');
  if (!live) return;
  if (live.dataset.running !== 'true' || document.hidden) {
    setTimeout(follow, EVERY_MS * 5);
    if (document.hidden) return;
  }
  try {
    const answer = await fetch(live.dataset.live, { headers: { accept: 'text/html' } });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').body.firstElementChild;
    const was = live.dataset.running;
    live.replaceWith(fresh);
    // Whoever reads or writes is not interrupted by a page that jumps.
    if (was === 'true' && fresh.dataset.running !== 'true') location.reload();
    else if (fresh.dataset.running === 'true') setTimeout(follow, EVERY_MS);
  } catch {
    live.textContent = 'The daemon does not answer just now.';
    setTimeout(follow, EVERY_MS * 5);
  }
}

// A second click would ask for the same again.
document.addEventListener('submit', ({ target }) => {
  for (const button of target.querySelectorAll('button')) setTimeout(() => (button.disabled = true));
});
// A page that comes back from the browser's memory may be clicked again.
addEventListener('pageshow', () => {
  for (const button of document.querySelectorAll('button')) button.disabled = false;
});

void follow();

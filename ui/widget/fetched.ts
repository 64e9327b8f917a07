// What is fetched only when it is needed, for as long as that takes.
//
// The rule: what can't be fetched is tried again, after a pause and as soon as the network is back. Some browsers remember that a module
// failed and never ask again under its address, so each further attempt has an address of its own.

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
const ADDRESS = /https?:\S+\.js/; // browsers name what failed, all but Safari

/** Fetch a part; the promise waits for as long as the network is away. */
export async function fetched<T>(load: () => Promise<T>): Promise<T> {
  let again = load;
  for (let n = 0; ; n += 1) {
    try {
      return await again();
    } catch (error) {
      const address = ADDRESS.exec(String(error))?.[0];
      if (address) again = () => import(/* @vite-ignore */ `${address}?again=${String(n)}`) as Promise<T>;
      await pause(Math.min(LONGEST_MS, FIRST_MS * 2 ** n));
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      removeEventListener("online", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    addEventListener("online", over);
  });
}

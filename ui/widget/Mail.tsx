// The transcript by mail: one address, asked for where copying and printing are offered.
//
// The rules: the address is for this one mail, and that is said before it is asked for; the focus comes here and goes back to where it
// came from; what became of it stays to be read until the patron closes it.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { isMail } from "../address";
import type { Chat } from "./chat";
import { refusal, t } from "./words";

interface Given {
  chat: Chat;
  done: () => void;
}

export function Mail({ chat, done }: Given) {
  const [address, setAddress] = useState(chat.wish?.address ?? (isMail(chat.patron.contact) ? chat.patron.contact : ""));
  const [wrong, setWrong] = useState("");
  const box = useRef<HTMLInputElement>(null);
  const close = useRef<HTMLButtonElement>(null);
  const { wish, mailed } = chat;
  const code = wrong || chat.unmailed;

  useLayoutEffect(() => box.current?.focus(), [code, !wish]);
  useLayoutEffect(() => {
    // What had the focus here is gone; who has gone on to write is left alone.
    if (document.activeElement === document.body) (close.current ?? box.current)?.focus();
  }, [mailed]);
  const send = (event: Event) => {
    event.preventDefault();
    const one = address.trim();
    setWrong(isMail(one) ? "" : "address");
    if (isMail(one)) chat.mail(one);
    else box.current?.focus();
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // it closes this, and not the chat
    done();
  };

  if (mailed)
    return (
      <div class="rating mail" onKeyDown={key}>
        <p role="status">{t("mailed", { address: mailed })}</p>
        <p class="again">
          <button type="button" ref={close} onClick={done}>
            {t("close")}
          </button>
        </p>
      </div>
    );
  return (
    <form class="rating mail" aria-label={t("mail")} onSubmit={send} onKeyDown={key} noValidate>
      <label>
        <span>{t("mailTo")}</span>
        <input
          ref={box}
          type="email"
          value={address}
          maxLength={254}
          autocomplete="email"
          required
          readOnly={!!wish}
          aria-invalid={!!code}
          aria-describedby="mail-hint"
          onInput={(event) => setAddress(event.currentTarget.value)}
        />
      </label>
      <p id="mail-hint" class="small">
        {t("mailHint")}
      </p>
      <p class="problem" role="alert">
        {code && refusal(code)}
      </p>
      <p class="again">
        {wish ? (
          <span role="status">{t("sending")}</span>
        ) : (
          <button type="submit" class="main">
            {t("mailSend")}
          </button>
        )}
        <button type="button" onClick={done}>
          {t(wish ? "close" : "cancel")}
        </button>
      </p>
    </form>
  );
}

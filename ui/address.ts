// What counts as an address for an answer, as the desk sees it (`is_mail_address` and `is_phone_number` in bridge/message.py; a
// test holds the two together). A number must name its country: without that no text can be sent.

const PART = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const MAIL = new RegExp(`^${PART}(\\.${PART})*@((?!-)[\\p{L}\\p{N}_-]{1,63}(?<!-)\\.)+\\p{L}{2,63}$`, "u");
const PHONE = /^\+[0-9][0-9 ().-]{3,28}$/;
const LONGEST = 254;

export const isMail = (text: string): boolean => text.length <= LONGEST && text.indexOf("@") <= 64 && MAIL.test(text);

export function isPhone(text: string): boolean {
  const digits = text.replace(/[^0-9]/g, "").length;
  return PHONE.test(text) && digits >= 5 && digits <= 15;
}

/** Whether an answer can be sent there: `kinds` is "mail", "phone" or "mail-phone". */
export function isAddress(text: string, kinds: string): boolean {
  return (kinds.includes("mail") && isMail(text)) || (kinds.includes("phone") && isPhone(text));
}

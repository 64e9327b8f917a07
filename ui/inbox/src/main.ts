import "../../tokens.css";
import "./app.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { begin } from "./inbox";
import { speak, wished } from "./words";

const target = document.getElementById("app");
if (!target) throw new Error("the page has no #app");
const theme = localStorage.getItem("deskbridge.theme");
if (theme) document.documentElement.dataset["theme"] = theme;
await speak([wished(), ...navigator.languages]);
mount(App, { target });
void begin();

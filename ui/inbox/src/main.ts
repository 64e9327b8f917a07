import "../../tokens.css";
import "./app.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { inbox } from "./inbox.svelte";
import { speak } from "./words";

const target = document.getElementById("app");
if (!target) throw new Error("the page has no #app");
const theme = localStorage.getItem("deskbridge.theme");
if (theme) document.documentElement.dataset["theme"] = theme;
await speak(navigator.languages);
mount(App, { target });
void inbox.begin();

/** The types of the file for <script>, whose global is WebsocketsSimple: `/// <reference types="@websockets-simple/client/umd" />` */
export * from "./dist/index.cjs";
export as namespace WebsocketsSimple;

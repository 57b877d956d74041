import { createRoot } from "react-dom/client";
import { begin } from "../shared/live";
import "../shared/theme.css";
import "../shared/frame.css";
import "./lead.css";
import { Lead } from "./lead";

void begin();
createRoot(document.getElementById("root")!).render(<Lead />);

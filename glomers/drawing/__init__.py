"""Pictures as text (SVG): space-time diagrams, and the colours that everything shares."""

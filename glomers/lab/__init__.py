"""What a notebook imports: run a test, load its store folder, draw charts and diagrams."""

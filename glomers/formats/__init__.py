"""What a store folder is written in: EDN, histories and message journals."""

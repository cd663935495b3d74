"""Programs that do with public tools what mltools does, timed as their users would start them."""

"""From sources to pages: an httpx client with limits, and the finding of report links."""

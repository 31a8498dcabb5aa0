"""From figures to the form in realistic layouts, and a loopback site that publishes them."""

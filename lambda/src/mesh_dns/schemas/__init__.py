"""JSON Schemas: events are open (AWS may add members), settings and our own messages closed."""

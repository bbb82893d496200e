"""What people do with a lead: move it, answer, close it, take events back, merge it, rebuild it."""

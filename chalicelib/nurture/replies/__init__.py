"""What people answer to marketing's emails: whose answer it is, what they wrote, what follows."""

"""What an audit tells its reader: a page, a summary for the terminal, and the pictures of both."""

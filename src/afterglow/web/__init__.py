"""What people see: the staff pages, written on the server and useful without script."""

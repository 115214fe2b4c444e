"""What people would use instead, each as its documentation recommends. Run in an environment of their own."""

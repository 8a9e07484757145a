"""Problems whose best optimum is known, and what default settings make of them."""

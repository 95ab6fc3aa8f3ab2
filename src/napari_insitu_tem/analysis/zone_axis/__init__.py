"""Where particles are seen along a zone axis: local evenness of fringes, and a threshold on it."""

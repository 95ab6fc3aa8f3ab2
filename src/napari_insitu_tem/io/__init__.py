"""Any microscope file to a Movie; holder logs; tables; exports."""

"""WHAT is shown: sessions joined with the accuracy of the files they timed, fronts, pages."""

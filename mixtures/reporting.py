def summary(model): return ""
def html(model): return ""

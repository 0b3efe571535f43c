"""The page's one style sheet: light or dark as the reader's system is, readable on a phone."""

STYLE = """
:root{color-scheme:light dark;--line:light-dark(#d9dee5,#333b46);--soft:light-dark(#f4f6f9,#1a2029);
--text:light-dark(#1b2430,#dbe2ea);--dim:light-dark(#5b6776,#93a0b0);--back:light-dark(#fff,#12161c)}
*{box-sizing:border-box}
body{margin:0;display:flex;font:15px/1.55 system-ui,sans-serif;color:var(--text);
background:var(--back)}
nav{position:sticky;top:0;height:100vh;width:21rem;flex:none;overflow:auto;padding:1.2rem;
border-right:1px solid var(--line);background:var(--soft);font-size:13px}
nav h1{font-size:1.2rem;margin:0 0 1rem}
nav h3{font-size:.72rem;text-transform:uppercase;letter-spacing:.08em;color:var(--dim);
margin:1.2rem 0 .3rem}
nav ul{list-style:none;margin:0;padding:0}
nav a{display:block;padding:.16rem .3rem;color:inherit;text-decoration:none;border-radius:4px;
overflow-wrap:anywhere}
nav a:hover{background:var(--line)}
nav b{display:inline-block;min-width:4.6em;font-size:.72em}
main{flex:1;min-width:0;max-width:62rem;padding:1.5rem 2.2rem 6rem}
header p,article>p{max-width:46rem}
section>h2{margin:3rem 0 1rem;padding-bottom:.3rem;border-bottom:2px solid var(--line)}
article{border:1px solid var(--line);border-radius:10px;padding:.4rem 1.2rem 1rem;margin:0 0 1.4rem;
scroll-margin-top:1rem}
article:target,details:target{outline:2px solid #2f7dd1}
h3 code{font-size:1.02em}
h4{margin:1.1rem 0 .4rem;font-size:.8rem;text-transform:uppercase;letter-spacing:.06em;
color:var(--dim)}
.who{color:var(--dim);margin:.2rem 0}
b.get{color:#1f8a4c}b.post{color:#2f7dd1}b.patch,b.put{color:#b57614}b.delete{color:#c2353b}
code,pre{font-family:ui-monospace,monospace;font-size:.88em}
code{background:var(--soft);border-radius:4px;padding:.08em .3em;overflow-wrap:anywhere}
pre{background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:.8rem;
overflow:auto;max-height:26rem}
table{border-collapse:collapse;width:100%;font-size:.92em}
td,th{text-align:left;vertical-align:top;padding:.32rem .6rem .32rem 0;
border-bottom:1px solid var(--line)}
th{color:var(--dim);font-weight:500}
details{border:1px solid var(--line);border-radius:8px;margin:.35rem 0;padding:.1rem .8rem}
details[open]{padding-bottom:.6rem}
summary{cursor:pointer;padding:.3rem 0}
details.good>summary b{color:#1f8a4c}
a{color:#2f7dd1}
@media(max-width:60rem){body{display:block}nav{position:static;height:auto;width:auto;
max-height:14rem;border-right:0;border-bottom:1px solid var(--line)}main{padding:1rem}}
"""
